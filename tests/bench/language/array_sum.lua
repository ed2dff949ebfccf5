-- SPDX-License-Identifier: MIT
-- array_sum.lua -- Adding one array to another, again and again.
local bench = dofile("bench.lua")
bench("array_sum", 2000, function(n)
  local x, y = {}, {}
  for i = 1, 5000 do x[i] = i; y[i] = 0 end
  for _ = 1, n do
    for i = 5000, 1, -1 do y[i] = y[i] + x[i] end
  end
  return y[5000]
end)
