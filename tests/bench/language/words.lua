-- SPDX-License-Identifier: MIT
-- words.lua -- Splitting text into words and counting them.
local bench = dofile("bench.lua")
bench("words", 30, function(n)
  local parts, counts = {}
  for i = 1, 5000 do parts[#parts + 1] = "word" .. i % 97 .. " and then " end
  local text = table.concat(parts)
  for _ = 1, n do
    counts = {}
    for word in text:gmatch("%S+") do counts[word] = (counts[word] or 0) + 1 end
  end
  return counts["and"]
end)
