-- SPDX-License-Identifier: MIT
-- polymorphism.lua -- One send site, five classes, calls of super.
local bench = dofile("bench.lua")
local function class(super)
  local made = setmetatable({}, super and {__index = super})
  made.__index = made
  return made
end
local Shape = class()
function Shape.new(class, side) return setmetatable({side = side}, class) end
function Shape:area() return 0 end
function Shape:grown(n) return self.side + n end
local Square, Triangle, Circle = class(Shape), class(Shape), class(Shape)
function Square:area() return self.side * self.side end
function Square:grown(n) return Shape.grown(self, n) * 2 end
function Triangle:area() return self.side * self.side // 2 end
function Triangle:grown(n) return Shape.grown(self, n) * 3 end
function Circle:area() return self.side * self.side * 3 end
local Cube = class(Square)
function Cube:area() return Square.area(self) * 6 end
function Cube:grown(n) return Square.grown(self, n) + 1 end
bench("polymorphism", 200000, function(n)
  local shapes = {Shape:new(1), Shape.new(Square, 2), Shape.new(Triangle, 3), Shape.new(Circle, 4), Shape.new(Cube, 5)}
  local sum = 0
  for i = 1, n do
    for j = 1, #shapes do
      local each = shapes[j]
      sum = sum + each:area() + each:grown(i)
    end
  end
  return sum
end)
