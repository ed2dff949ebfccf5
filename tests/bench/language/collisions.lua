-- SPDX-License-Identifier: MIT
-- collisions.lua -- A radar: aircraft that come near each other are found by the squares of the plane that they cross.
local bench = dofile("bench.lua")
local floor, min, max = math.floor, math.min, math.max

local Vector = {}
Vector.__index = Vector
local function vector(x, y, z) return setmetatable({x = x, y = y, z = z}, Vector) end
function Vector.__add(a, b) return vector(a.x + b.x, a.y + b.y, a.z + b.z) end
function Vector.__sub(a, b) return vector(a.x - b.x, a.y - b.y, a.z - b.z) end
function Vector.__mul(a, k) return vector(a.x * k, a.y * k, a.z * k) end
function Vector:dot(b) return self.x * b.x + self.y * b.y + self.z * b.z end

local Motion = {}
Motion.__index = Motion
local function motion(sign, from, to) return setmetatable({sign = sign, from = from, to = to}, Motion) end
function Motion:delta() return self.to - self.from end
function Motion:isNear(other)
  local apart = self.from - other.from
  local way = self:delta() - other:delta()
  local square = way:dot(way)
  local t = square == 0 and 0.0 or min(max((0.0 - apart:dot(way)) / square, 0.0), 1.0)
  local nearest = apart + way * t
  return nearest:dot(nearest) <= 1.0
end
function Motion:crosses(column, row)
  local d, from, low, high = self:delta(), self.from, 0.0, 1.0
  local values = {from.x, d.x, column * 2.0, from.y, d.y, row * 2.0}
  for i = 1, 4, 3 do
    local start, step, edge = values[i], values[i + 1], values[i + 2]
    if step == 0 then
      if start < edge - 1.0 or start > edge + 3.0 then return false end
    else
      local a, b = (edge - 1.0 - start) / step, (edge + 3.0 - start) / step
      low = max(low, min(a, b))
      high = min(high, max(a, b))
    end
  end
  return low <= high
end
function Motion:enter(column, row, squares, seen)
  local key = (column + 100000) * 200000 + row + 100000
  if seen[key] then return end
  seen[key] = true
  if not self:crosses(column, row) then return end
  local list = squares[key]
  if not list then
    list = {}
    squares[key] = list
  end
  list[#list + 1] = self
  for i = -1, 1 do
    for j = -1, 1 do self:enter(column + i, row + j, squares, seen) end
  end
end

local Radar = {}
Radar.__index = Radar
function Radar:motionsOf(frame)
  local motions, now, places = {}, {}, self.places
  for sign, place in pairs(frame) do
    motions[#motions + 1] = motion(sign, places[sign] or place, place)
    places[sign] = place
    now[sign] = true
  end
  for sign in pairs(places) do
    if not now[sign] then places[sign] = nil end
  end
  return motions
end
function Radar:collisionsIn(frame)
  local squares, pairs_ = {}, 0
  for _, each in ipairs(self:motionsOf(frame)) do
    each:enter(floor(each.from.x / 2), floor(each.from.y / 2), squares, {})
  end
  for _, motions in pairs(squares) do
    for i = 1, #motions do
      for j = i + 1, #motions do
        if motions[i]:isNear(motions[j]) then pairs_ = pairs_ + 1 end
      end
    end
  end
  return pairs_
end

bench("collisions", 100, function(n)
  local radar, sum = setmetatable({places = {}}, Radar), 0
  for t = 1, n do
    local frame, time = {}, t / 10
    for i = 0, 19 do
      frame["A" .. i] = vector(time, math.cos(time) * 2 + i * 3, 10.0)
      frame["B" .. i] = vector(time, math.sin(time) * 2 + i * 3, 10.0)
    end
    sum = sum + radar:collisionsIn(frame)
  end
  return sum
end)
