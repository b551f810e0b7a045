local money = require("shop.money")
LIMIT = 3
local rate = 2

local Seller = {}
Seller.__index = Seller

-- Sells one.
function Seller:sell(item, ...)
  local total = item.price + money.round(LIMIT)
  for index, part in ipairs(item.parts) do
    check(part, index)
  end
  return self:close(total)
end

function Seller.new(name)
  return setmetatable({ name = name }, Seller)
end

local function helper(value) return value + rate end
local double = function(x) return helper(x) end
return Seller
