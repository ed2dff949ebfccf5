-- SPDX-License-Identifier: MIT
-- random.lua -- A linear congruential generator, to floats.
local bench = dofile("bench.lua")
local Noise = {}
Noise.__index = Noise
function Noise:next(limit)
  self.last = (self.last * 3877 + 29573) % 139968
  return limit * self.last / 139968
end
bench("random", 3000000, function(n)
  local noise, x = setmetatable({last = 42}, Noise)
  for _ = 1, n do x = noise:next(100.0) end
  return x
end)
