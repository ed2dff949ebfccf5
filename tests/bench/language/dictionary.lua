-- SPDX-License-Identifier: MIT
-- dictionary.lua -- Strings as keys of a dictionary: filled with hexadecimal numbers, asked for decimal ones.
local bench = dofile("bench.lua")
bench("dictionary", 200000, function(n)
  local t, count = {}, 0
  for i = 1, n do t[string.format("%X", i)] = i end
  for i = n, 1, -1 do
    if t[tostring(i)] then count = count + 1 end
  end
  return count
end)
