-- SPDX-License-Identifier: MIT
-- nbody.lua -- Five bodies that attract each other: floats in instance variables.
local bench = dofile("bench.lua")
local Body = {}
Body.__index = Body
local function body(x, y, z, vx, vy, vz, mass) return setmetatable({x = x, y = y, z = z, vx = vx, vy = vy, vz = vz, mass = mass}, Body) end
function Body:accelerate(x, y, z, factor)
  self.vx = self.vx + x * factor
  self.vy = self.vy + y * factor
  self.vz = self.vz + z * factor
end
function Body:attract(other, dt)
  local dx, dy, dz = self.x - other.x, self.y - other.y, self.z - other.z
  local square = dx * dx + dy * dy + dz * dz
  local magnitude = dt / (square * math.sqrt(square))
  self:accelerate(dx, dy, dz, 0.0 - other.mass * magnitude)
  other:accelerate(dx, dy, dz, self.mass * magnitude)
end
function Body:move(dt)
  self.x = self.x + dt * self.vx
  self.y = self.y + dt * self.vy
  self.z = self.z + dt * self.vz
end
function Body:energy() return 0.5 * self.mass * (self.vx * self.vx + self.vy * self.vy + self.vz * self.vz) end
bench("nbody", 50000, function(n)
  local bodies = {
    body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.47841760435743),
    body(4.841431442464721, -1.1603200440274284, -0.10362204447112311, 0.606326392995832, 2.81198684491626, -0.02521836165988763, 0.03769367487038949),
    body(8.34336671824458, 4.124798564124305, -0.4035234171143214, -1.0107743461787924, 1.8256623712304119, 0.008415761376584154, 0.011286326131968767),
    body(12.894369562139131, -15.111151401698631, -0.22330757889265573, 1.0827910064415354, 0.8687130181696082, -0.010832637401363636, 0.0017237240570597112),
    body(15.379697114850917, -25.919314609987964, 0.17925877295037118, 0.979090732243898, 0.5946989986476762, -0.034755955550407813, 0.002033686869924631)}
  for _ = 1, n do
    for i = 1, #bodies do
      local one = bodies[i]
      for j = i + 1, #bodies do one:attract(bodies[j], 0.01) end
    end
    for i = 1, #bodies do bodies[i]:move(0.01) end
  end
  local sum = 0.0
  for i = 1, #bodies do sum = sum + bodies[i]:energy() end
  return math.floor(sum * 1000000 + 0.5)
end)
