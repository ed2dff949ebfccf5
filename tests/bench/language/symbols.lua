-- SPDX-License-Identifier: MIT
-- symbols.lua -- Short strings compared and as keys of tables.
local bench = dofile("bench.lua")
bench("symbols", 2000000, function(n)
  local names, counts, known = {"red", "green", "blue", "cyan", "magenta", "yellow", "black"}, {}, {}
  for i = 1, #names do counts[names[i]] = 0 end
  for i = 1, n do
    local name = names[i % 7 + 1]
    if name == "red" or name == "blue" then counts[name] = counts[name] + 1 end
    known[name] = i
  end
  return counts.red + counts.blue + known.black
end)
