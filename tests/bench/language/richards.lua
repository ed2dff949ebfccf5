-- SPDX-License-Identifier: MIT
-- richards.lua -- The kernel of an operating system, simulated.
local bench = dofile("bench.lua")

local Packet = {}
Packet.__index = Packet
local function packet(owner, work, next)
  return setmetatable({owner = owner, isWork = work, next = next, datum = 0, data = {0, 0, 0, 0}}, Packet)
end
function Packet:appendTo(queue)
  self.next = nil
  if not queue then return self end
  local last = queue
  while last.next do last = last.next end
  last.next = self
  return queue
end

local Task = {}
Task.__index = Task
local function class()
  local c = setmetatable({}, Task)
  c.__index = c
  return c
end
local IdleTask, DeviceTask, WorkerTask, HandlerTask = class(), class(), class(), class()
local function task(kind, system, number, priority, queue)
  local t = setmetatable({system = system, number = number, priority = priority, queue = queue, held = false, waiting = true, pending = queue ~= nil}, kind)
  t.next = system:add(t)
  return t
end
function Task:hold() self.held = true end
function Task:release() self.held = false end
function Task:wait() self.waiting = true end
function Task:isBlocked() return self.held or (self.waiting and not self.pending) end
function Task:step()
  local p
  if self.waiting and self.pending then
    p = self.queue
    self.queue = p.next
    self.waiting = false
    self.pending = self.queue ~= nil
  end
  return self:take(p)
end
function Task:give(p, from)
  if self.queue then
    self.queue = p:appendTo(self.queue)
    return from
  end
  self.queue = p
  p.next = nil
  self.pending = true
  return self.priority > from.priority and self or from
end

function IdleTask:take()
  self.left = self.left - 1
  if self.left == 0 then return self.system:holdCurrent() end
  if self.bits & 1 == 0 then
    self.bits = self.bits >> 1
    return self.system:release(5)
  end
  self.bits = self.bits >> 1 ~ 0xD008
  return self.system:release(6)
end

function DeviceTask:take(p)
  if p then
    self.kept = p
    return self.system:holdCurrent()
  end
  if not self.kept then return self.system:waitCurrent() end
  p = self.kept
  self.kept = nil
  return self.system:send(p)
end

function WorkerTask:take(p)
  if not p then return self.system:waitCurrent() end
  self.target = 7 - self.target
  p.owner = self.target
  p.datum = 0
  local data = p.data
  for i = 1, 4 do
    self.letter = self.letter + 1
    if self.letter > 26 then self.letter = 1 end
    data[i] = self.letter
  end
  return self.system:send(p)
end

function HandlerTask:take(p)
  if p then
    if p.isWork then self.work = p:appendTo(self.work) else self.devices = p:appendTo(self.devices) end
  end
  local work = self.work
  if not work then return self.system:waitCurrent() end
  local count = work.datum
  if count >= 4 then
    self.work = work.next
    return self.system:send(work)
  end
  p = self.devices
  if not p then return self.system:waitCurrent() end
  self.devices = p.next
  p.datum = work.data[count + 1]
  work.datum = count + 1
  return self.system:send(p)
end

local System = {}
System.__index = System
function System:add(t)
  local before = self.first
  self.tasks[t.number] = t
  self.first = t
  return before
end
function System:holdCurrent()
  self.holds = self.holds + 1
  self.current:hold()
  return self.current.next
end
function System:waitCurrent()
  self.current:wait()
  return self.current
end
function System:release(n)
  local t = self.tasks[n]
  t:release()
  return t.priority > self.current.priority and t or self.current
end
function System:send(p)
  local t = self.tasks[p.owner]
  self.sends = self.sends + 1
  p.next = nil
  p.owner = self.current.number
  return t:give(p, self.current)
end
local function packets(n, owner, work)
  local p
  for _ = 1, n do p = packet(owner, work, p) end
  return p
end
function System:run(n)
  local idle = task(IdleTask, self, 1, 0)
  idle.left, idle.bits, idle.waiting = n, 1, false
  local worker = task(WorkerTask, self, 2, 1000, packets(2, 2, true))
  worker.target, worker.letter = 3, 0
  task(HandlerTask, self, 3, 2000, packets(3, 5, false))
  task(HandlerTask, self, 4, 3000, packets(3, 6, false))
  task(DeviceTask, self, 5, 4000)
  task(DeviceTask, self, 6, 5000)
  self.current = self.first
  while self.current do
    local t = self.current
    if t:isBlocked() then self.current = t.next else self.current = t:step() end
  end
  return self.sends * 100000 + self.holds
end

bench("richards", 10000, function(n)
  local answer
  for _ = 1, 5 do answer = setmetatable({tasks = {}, holds = 0, sends = 0}, System):run(n) end
  assert(n ~= 10000 or answer == 2324609297)
  return answer
end)
