-- SPDX-License-Identifier: MIT
-- havlak.lua -- The loops of a control flow graph and how they are nested.
local bench = dofile("bench.lua")
local push = table.insert

local Graph = {}
Graph.__index = Graph
local function graph() return setmetatable({blocks = {}}, Graph) end
function Graph:at(i)
  local blocks = self.blocks
  while #blocks < i do push(blocks, {name = #blocks + 1, ins = {}, outs = {}}) end
  return blocks[i]
end
function Graph:connect(from, to)
  local a, b = self:at(from), self:at(to)
  push(a.outs, b)
  push(b.ins, a)
end
function Graph:straight(from, n)
  for i = 0, n - 1 do self:connect(from + i, from + i + 1) end
  return from + n
end
function Graph:diamond(from)
  self:connect(from, from + 1)
  self:connect(from, from + 2)
  self:connect(from + 1, from + 3)
  self:connect(from + 2, from + 3)
  return from + 3
end
function Graph:threeLoops(from)
  local header = self:straight(from, 1)
  local one = self:diamond(header)
  local inner = self:straight(one, 1)
  local two = self:diamond(inner)
  local footer = self:straight(two, 1)
  self:connect(two, inner)
  self:connect(one, header)
  self:connect(footer, from)
  return self:straight(footer, 1)
end
function Graph:nests(outer, middle, threes)
  local n = 2
  self:connect(1, 2)
  for _ = 1, outer do
    self:connect(2, n + 1)
    n = n + 1
    for _ = 1, middle do
      local top = n
      n = self:straight(n, 1)
      for _ = 1, threes do n = self:threeLoops(n) end
      self:connect(n, top)
      n = self:straight(n, 1)
    end
    self:connect(n, 1)
  end
  return outer * middle * (threes * 3 + 1) + 1
end

local Loop = {}
Loop.__index = Loop
local function loop(kind) return setmetatable({kind = kind, children = {}, blocks = {}, depth = 0}, Loop) end
function Loop:setParent(parent)
  self.parent = parent
  push(parent.children, self)
end
function Loop:add(block) self.blocks[block] = true end
function Loop:nest(depth)
  self.depth = depth
  for _, each in ipairs(self.children) do each:nest(depth + 1) end
end

local Member = {}
Member.__index = Member
local function member(block, number)
  local m = setmetatable({block = block, number = number}, Member)
  m.up = m
  return m
end
function Member:leader()
  local leader = self
  while leader.up ~= leader do leader = leader.up end
  local m = self
  while m ~= leader do
    local next = m.up
    m.up = leader
    m = next
  end
  return leader
end

local LoopFinder = {}
LoopFinder.__index = LoopFinder
local function finder(g)
  local f = setmetatable({graph = g, members = {}, numbers = {}, last = {}, backward = {}, forward = {}, header = {}, loops = {}}, LoopFinder)
  for i = 1, #g.blocks do
    f.header[i] = 1
    f.backward[i] = {}
    f.forward[i] = {}
  end
  return f
end
function LoopFinder:number(block)
  local n = #self.members + 1
  self.numbers[block] = n
  push(self.members, member(block, n))
  for _, each in ipairs(block.outs) do
    if not self.numbers[each] then self:number(each) end
  end
  self.last[n] = #self.members
end
function LoopFinder:isAbove(w, v) return w <= v and v <= self.last[w] end
function LoopFinder:sortEdges()
  for w = 1, #self.members do
    for _, each in ipairs(self.members[w].block.ins) do
      local v = self.numbers[each]
      if v then
        if self:isAbove(w, v) then push(self.backward[w], v) else self.forward[w][v] = true end
      end
    end
  end
end
local function includes(list, x)
  for _, each in ipairs(list) do
    if each == x then return true end
  end
  return false
end
function LoopFinder:findAt(w)
  local members, body, kind = self.members, {}, nil
  for _, v in ipairs(self.backward[w]) do
    if v == w then
      kind = "self"
    else
      local leader = members[v]:leader()
      if not includes(body, leader) then push(body, leader) end
    end
  end
  if #body > 0 then kind = "reducible" end
  local work, first = {table.unpack(body)}, 1
  while first <= #work do
    local number = work[first].number
    first = first + 1
    for y in pairs(self.forward[number]) do
      local leader = members[y]:leader()
      if not self:isAbove(w, leader.number) then
        kind = "irreducible"
        self.forward[w][leader.number] = true
      elseif leader.number ~= w and not includes(body, leader) then
        push(work, leader)
        push(body, leader)
      end
    end
  end
  if not kind then return end
  local found = loop(kind)
  push(self.loops, found)
  members[w].loop = found
  found:add(members[w].block)
  for _, each in ipairs(body) do
    self.header[each.number] = w
    each.up = members[w]
    if each.loop then each.loop:setParent(found) else found:add(each.block) end
  end
end
function LoopFinder:find()
  self:number(self.graph.blocks[1])
  self:sortEdges()
  for w = #self.members, 1, -1 do self:findAt(w) end
  for _, each in ipairs(self.loops) do
    if not each.parent then each:nest(1) end
  end
  return self.loops
end

bench("havlak", 10, function(n)
  local g = graph()
  local expected = g:nests(5, n, 10)
  local loops
  for _ = 1, 3 do loops = finder(g):find() end
  assert(#loops == expected)
  local sum = #loops * 1000000
  for _, each in ipairs(loops) do sum = sum + each.depth end
  return sum
end)
