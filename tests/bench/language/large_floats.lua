-- SPDX-License-Identifier: MIT
-- large_floats.lua -- Floats with exponents that do not fit into a word beside a tag.
local bench = dofile("bench.lua")
bench("large_floats", 3000000, function(n)
  local x = 1.0e200
  for _ = 1, n do x = x * 1.0000001 + 1.0e190 end
  return x / 1.0e195 // 1 | 0
end)
