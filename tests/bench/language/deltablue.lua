-- SPDX-License-Identifier: MIT
-- deltablue.lua -- An incremental solver of one-way constraints with strengths.
local bench = dofile("bench.lua")
local push, pop = table.insert, table.remove

local function class(super)
  local c = setmetatable({}, super)
  c.__index = c
  return c
end

local Cell = class()
local function cell(value)
  return setmetatable({value = value, constraints = {}, mark = 0, strength = 6, stays = true}, Cell)
end
function Cell:add(c) push(self.constraints, c) end
function Cell:remove(c)
  for i, each in ipairs(self.constraints) do
    if each == c then
      pop(self.constraints, i)
      break
    end
  end
  if self.determiner == c then self.determiner = nil end
end
function Cell:consumersDo(f)
  local determiner = self.determiner
  for _, each in ipairs(self.constraints) do
    if each ~= determiner and each:isSatisfied() then f(each) end
  end
end
function Cell:isKnownFor(mark) return self.mark == mark or self.stays or not self.determiner end

local Constraint = class()
function Constraint:isInput() return false end
function Constraint:addTo(planner)
  self:addToGraph()
  planner:add(self)
end
function Constraint:removeFrom(planner)
  if self:isSatisfied() then planner:remove(self) else self:removeFromGraph() end
end
function Constraint:satisfy(mark, planner)
  self:chooseOutput(mark)
  if not self:isSatisfied() then
    assert(self.strength ~= 0, "a required constraint cannot be satisfied")
    return nil
  end
  self:markInputs(mark)
  local output = self:getOutput()
  local weaker = output.determiner
  if weaker then weaker:forget() end
  output.determiner = self
  assert(planner:propagate(self, mark), "a cycle of constraints")
  output.mark = mark
  return weaker
end

local Unary = class(Constraint)
local function unary(kind, output, strength)
  return setmetatable({output = output, strength = strength, satisfied = false}, kind)
end
function Unary:getOutput() return self.output end
function Unary:isSatisfied() return self.satisfied end
function Unary:forget() self.satisfied = false end
function Unary:addToGraph()
  self.output:add(self)
  self.satisfied = false
end
function Unary:removeFromGraph()
  self.output:remove(self)
  self.satisfied = false
end
function Unary:chooseOutput(mark) self.satisfied = self.output.mark ~= mark and self.strength < self.output.strength end
function Unary:markInputs() end
function Unary:inputsKnown() return true end
function Unary:recalculate()
  self.output.strength = self.strength
  self.output.stays = not self:isInput()
end
function Unary:execute() end
local Stay, Edit = class(Unary), class(Unary)
function Edit:isInput() return true end

local Binary = class(Constraint)
local function binary(kind, one, two, strength)
  return setmetatable({one = one, two = two, strength = strength, direction = 0}, kind)
end
function Binary:isSatisfied() return self.direction ~= 0 end
function Binary:forget() self.direction = 0 end
function Binary:getInput() return self.direction > 0 and self.one or self.two end
function Binary:getOutput() return self.direction > 0 and self.two or self.one end
function Binary:addToGraph()
  self.one:add(self)
  self.two:add(self)
  self.direction = 0
end
function Binary:removeFromGraph()
  self.one:remove(self)
  self.two:remove(self)
  self.direction = 0
end
function Binary:chooseOutput(mark)
  local one, two, strength = self.one, self.two, self.strength
  if one.mark == mark then
    self.direction = two.mark ~= mark and strength < two.strength and 1 or 0
  elseif two.mark == mark then
    self.direction = strength < one.strength and -1 or 0
  elseif one.strength > two.strength then
    self.direction = strength < one.strength and -1 or 0
  else
    self.direction = strength < two.strength and 1 or 0
  end
end
function Binary:markInputs(mark) self:getInput().mark = mark end
function Binary:inputsKnown(mark) return self:getInput():isKnownFor(mark) end
function Binary:recalculate()
  local input, output = self:getInput(), self:getOutput()
  output.strength = math.max(self.strength, input.strength)
  output.stays = input.stays
  if output.stays then self:execute() end
end

local Equal = class(Binary)
function Equal:execute() self:getOutput().value = self:getInput().value end

local Projection = class(Binary)
function Projection:addToGraph()
  Binary.addToGraph(self)
  self.scale:add(self)
  self.offset:add(self)
end
function Projection:removeFromGraph()
  Binary.removeFromGraph(self)
  self.scale:remove(self)
  self.offset:remove(self)
end
function Projection:markInputs(mark)
  Binary.markInputs(self, mark)
  self.scale.mark = mark
  self.offset.mark = mark
end
function Projection:inputsKnown(mark)
  return Binary.inputsKnown(self, mark) and self.scale:isKnownFor(mark) and self.offset:isKnownFor(mark)
end
function Projection:execute()
  if self.direction > 0 then
    self.two.value = self.one.value * self.scale.value + self.offset.value
  else
    self.one.value = (self.two.value - self.offset.value) // self.scale.value
  end
end
function Projection:recalculate()
  local input, output = self:getInput(), self:getOutput()
  output.strength = math.max(self.strength, input.strength)
  output.stays = input.stays and self.scale.stays and self.offset.stays
  if output.stays then self:execute() end
end

local Planner = class()
local function planner() return setmetatable({mark = 0}, Planner) end
function Planner:nextMark()
  self.mark = self.mark + 1
  return self.mark
end
function Planner:add(c)
  local mark = self:nextMark()
  while c do c = c:satisfy(mark, self) end
end
function Planner:remove(c)
  local output = c:getOutput()
  c:forget()
  c:removeFromGraph()
  local freed = self:freedBy(output)
  for s = 0, 6 do
    for _, each in ipairs(freed) do
      if each.strength == s then self:add(each) end
    end
  end
end
function Planner:propagate(c, mark)
  local todo = {c}
  while #todo > 0 do
    local next = pop(todo)
    if next:getOutput().mark == mark then
      self:remove(c)
      return false
    end
    next:recalculate()
    next:getOutput():consumersDo(function(each) push(todo, each) end)
  end
  return true
end
function Planner:freedBy(output)
  output.determiner = nil
  output.strength = 6
  output.stays = true
  local freed, todo = {}, {output}
  while #todo > 0 do
    local v = pop(todo)
    for _, each in ipairs(v.constraints) do
      if not each:isSatisfied() then push(freed, each) end
    end
    v:consumersDo(function(each)
      each:recalculate()
      push(todo, each:getOutput())
    end)
  end
  return freed
end
function Planner:planFrom(constraints)
  local mark, plan, todo = self:nextMark(), {}, {}
  for _, each in ipairs(constraints) do
    if each:isInput() and each:isSatisfied() then push(todo, each) end
  end
  while #todo > 0 do
    local next = pop(todo)
    if next:getOutput().mark ~= mark and next:inputsKnown(mark) then
      push(plan, next)
      next:getOutput().mark = mark
      next:getOutput():consumersDo(function(each) push(todo, each) end)
    end
  end
  return plan
end
local function execute(plan)
  for _, each in ipairs(plan) do each:execute() end
end
function Planner:change(v, value)
  local edit = unary(Edit, v, 2)
  edit:addTo(self)
  local plan = self:planFrom({edit})
  for _ = 1, 10 do
    v.value = value
    execute(plan)
  end
  edit:removeFrom(self)
end
function Planner:chain(n)
  local cells = {}
  for i = 0, n do cells[i + 1] = cell(0) end
  for i = 1, n do binary(Equal, cells[i], cells[i + 1], 0):addTo(self) end
  unary(Stay, cells[n + 1], 3):addTo(self)
  local edit = unary(Edit, cells[1], 2)
  edit:addTo(self)
  local plan = self:planFrom({edit})
  for i = 1, 100 do
    cells[1].value = i
    execute(plan)
    assert(cells[n + 1].value == i)
  end
  edit:removeFrom(self)
end
function Planner:projection(n)
  local scale, offset, sources, results = cell(10), cell(1000), {}, {}
  for i = 1, n do
    sources[i], results[i] = cell(i), cell(i)
    unary(Stay, sources[i], 4):addTo(self)
    local p = binary(Projection, sources[i], results[i], 0)
    p.scale, p.offset = scale, offset
    p:addTo(self)
  end
  self:change(sources[n], 17)
  assert(results[n].value == 1170)
  self:change(results[n], 1050)
  assert(sources[n].value == 5)
  self:change(scale, 5)
  for i = 1, n - 1 do assert(results[i].value == i * 5 + 1000) end
  self:change(offset, 2000)
  for i = 1, n - 1 do assert(results[i].value == i * 5 + 2000) end
  local sum = 0
  for _, each in ipairs(results) do sum = sum + each.value end
  return sum
end

bench("deltablue", 2000, function(n)
  planner():chain(n)
  return planner():projection(n)
end)
