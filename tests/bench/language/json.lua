-- SPDX-License-Identifier: MIT
-- json.lua -- A parser of JSON that reads a string by its indices.
local bench = dofile("bench.lua")
local Json = {}
Json.__index = Json
local byte, sub = string.byte, string.sub
function Json:skip()
  while self.at <= #self.text do
    local c = byte(self.text, self.at)
    if c ~= 32 and c ~= 10 and c ~= 9 and c ~= 13 and c ~= 12 then return end
    self.at = self.at + 1
  end
end
function Json:peek() self:skip() return byte(self.text, self.at) end
function Json:value()
  local c = self:peek()
  if c == 123 then return self:object() end
  if c == 91 then return self:array() end
  if c == 34 then return self:string() end
  if c == 116 then self.at = self.at + 4 return true end
  if c == 102 then self.at = self.at + 5 return false end
  if c == 110 then self.at = self.at + 4 return nil end
  return self:number()
end
function Json:object()
  local result = {}
  self.at = self.at + 1
  if self:peek() == 125 then self.at = self.at + 1 return result end
  repeat
    self:skip()
    local key = self:string()
    self:skip()
    self.at = self.at + 1
    result[key] = self:value()
    local more = self:peek() == 44
    self.at = self.at + 1
  until not more
  return result
end
function Json:array()
  local result = {}
  self.at = self.at + 1
  if self:peek() == 93 then self.at = self.at + 1 return result end
  repeat
    result[#result + 1] = self:value()
    local more = self:peek() == 44
    self.at = self.at + 1
  until not more
  return result
end
function Json:string()
  self.at = self.at + 1
  local start = self.at
  while byte(self.text, self.at) ~= 34 do self.at = self.at + 1 end
  self.at = self.at + 1
  return sub(self.text, start, self.at - 2)
end
function Json:number()
  local n = 0
  while self.at <= #self.text do
    local c = byte(self.text, self.at)
    if c < 48 or c > 57 then break end
    n = n * 10 + c - 48
    self.at = self.at + 1
  end
  return n
end
bench("json", 50, function(n)
  local parts, sum = {}, 0
  for i = 1, 200 do
    parts[i] = '{"id": ' .. i .. ', "name": "item number ' .. i .. '", "tags": ["red", "green", "blue"], "ok": true, "next": null}'
  end
  local text = '{ "items": [' .. table.concat(parts, ", ") .. "] }"
  for _ = 1, n do
    local items = setmetatable({text = text, at = 1}, Json):value().items
    for i = 1, #items do sum = sum + items[i].id + #items[i].name + #items[i].tags end
  end
  return sum
end)
