-- SPDX-License-Identifier: MIT
-- bounce.lua -- Balls in a box: objects that send messages to themselves, a generator of noise.
local bench = dofile("bench.lua")
local Noise = {}
Noise.__index = Noise
function Noise:next() self.seed = (self.seed * 1309 + 13849) & 65535 return self.seed end
local Ball = {}
Ball.__index = Ball
local function abs(n) if n < 0 then return -n end return n end
local function ball(noise)
  return setmetatable({x = noise:next() % 500, y = noise:next() % 500, xVelocity = noise:next() % 300 - 150, yVelocity = noise:next() % 300 - 150}, Ball)
end
function Ball:bounce()
  local bounced = false
  self.x = self.x + self.xVelocity
  self.y = self.y + self.yVelocity
  if self.x > 500 then self.x = 500 self.xVelocity = 0 - abs(self.xVelocity) bounced = true end
  if self.x < 0 then self.x = 0 self.xVelocity = abs(self.xVelocity) bounced = true end
  if self.y > 500 then self.y = 500 self.yVelocity = 0 - abs(self.yVelocity) bounced = true end
  if self.y < 0 then self.y = 0 self.yVelocity = abs(self.yVelocity) bounced = true end
  return bounced
end
bench("bounce", 1500, function(n)
  local noise, balls, bounces = setmetatable({seed = 74755}, Noise), {}, 0
  for i = 1, 100 do balls[i] = ball(noise) end
  for _ = 1, n * 10 do
    for i = 1, #balls do if balls[i]:bounce() then bounces = bounces + 1 end end
  end
  return bounces
end)
