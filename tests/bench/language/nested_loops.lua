-- SPDX-License-Identifier: MIT
-- nested_loops.lua -- Six loops inside each other.
local bench = dofile("bench.lua")
bench("nested_loops", 18, function(n)
  local x = 0
  for _ = 1, n do for _ = 1, n do for _ = 1, n do
    for _ = 1, n do for _ = 1, n do for _ = 1, n do x = x + 1 end end end
  end end end
  return x
end)
