-- SPDX-License-Identifier: MIT
-- dictionary_integers.lua -- Integers as keys of a dictionary, spread.
local bench = dofile("bench.lua")
bench("dictionary_integers", 300000, function(n)
  local t, sum = {}, 0
  for i = 1, n do t[i * 7919 % 1000003] = i end
  for i = 1, n do sum = sum + (t[i] or 0) end
  return sum
end)
