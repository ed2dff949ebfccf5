-- SPDX-License-Identifier: MIT
-- ackermann.lua -- Ackermann(3, n) by recursion: calls and small integers.
local bench = dofile("bench.lua")
local function ackermann(m, n)
  if m == 0 then return n + 1 end
  if n == 0 then return ackermann(m - 1, 1) end
  return ackermann(m - 1, ackermann(m, n - 1))
end
bench("ackermann", 8, function(n) return ackermann(3, n) end)
