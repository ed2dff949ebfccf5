-- SPDX-License-Identifier: MIT
-- dictionary_merge.lua -- Adding the values of one dictionary of 10,000 strings to another.
local bench = dofile("bench.lua")
bench("dictionary_merge", 100, function(n)
  local one, two = {}, {}
  for i = 0, 9999 do one["foo_" .. i] = i end
  for _ = 1, n do
    for key, value in pairs(one) do two[key] = (two[key] or 0) + value end
  end
  return two["foo_9999"]
end)
