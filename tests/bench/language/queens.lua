-- SPDX-License-Identifier: MIT
-- queens.lua -- Eight queens by backtracking: arrays of Booleans, tests, returns out of loops.
local bench = dofile("bench.lua")
local Queens = {}
Queens.__index = Queens
function Queens:free(row, column) return self.rows[row] and self.maxs[column + row] and self.mins[column - row + 8] end
function Queens:set(row, column, value)
  self.rows[row] = value
  self.maxs[column + row] = value
  self.mins[column - row + 8] = value
end
function Queens:place(column)
  for row = 1, 8 do
    if self:free(row, column) then
      self.columns[row] = column
      self:set(row, column, false)
      if column == 8 then return true end
      if self:place(column + 1) then return true end
      self:set(row, column, true)
    end
  end
  return false
end
local function all(n, value)
  local array = {}
  for i = 1, n do array[i] = value end
  return array
end
bench("queens", 2000, function(n)
  local answer
  for _ = 1, n do
    local queens = setmetatable({rows = all(8, true), maxs = all(16, true), mins = all(16, true), columns = all(8, 0)}, Queens)
    queens:place(1)
    answer = 0
    for i = 1, 8 do answer = answer * 10 + queens.columns[i] end
  end
  return answer
end)
