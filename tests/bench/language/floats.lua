-- SPDX-License-Identifier: MIT
-- floats.lua -- The n-body problem: floating point and instance variables.
local bench = dofile("bench.lua")
local Body = {}
Body.__index = Body
function Body.new(x, y, z, vx, vy, vz, mass) return setmetatable({x = x, y = y, z = z, vx = vx, vy = vy, vz = vz, mass = mass}, Body) end
function Body:push(dx, dy, dz, m)
  self.vx = self.vx - dx * m
  self.vy = self.vy - dy * m
  self.vz = self.vz - dz * m
end
function Body:move(dt)
  self.x = self.x + dt * self.vx
  self.y = self.y + dt * self.vy
  self.z = self.z + dt * self.vz
end
bench("floats", 100000, function(n)
  local bodies = {
    Body.new(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.47), Body.new(4.84, -1.16, -0.10, 0.606, 2.812, -0.02, 0.037),
    Body.new(8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011), Body.new(12.89, -15.11, -0.22, 1.08, 0.868, -0.01, 0.0017),
    Body.new(15.37, -25.9, 0.179, 0.979, 0.594, -0.034, 0.002)}
  local sqrt, dt = math.sqrt, 0.01
  for _ = 1, n do
    for i = 1, 5 do
      local a = bodies[i]
      for j = i + 1, 5 do
        local b = bodies[j]
        local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
        local square = dx * dx + dy * dy + dz * dz
        local magnitude = dt / (square * sqrt(square))
        a:push(dx, dy, dz, b.mass * magnitude)
        b:push(dx, dy, dz, -a.mass * magnitude)
      end
    end
    for i = 1, 5 do bodies[i]:move(dt) end
  end
  return bodies[1].x
end)
