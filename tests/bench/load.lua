-- wrk: retrievals, creations, or retrievals of instances from a list.
-- arguments after "--": get [ORIGINATOR] | post [N] | list FILE | policies
-- "post N": every Nth instance carries the label "rare".
local mode = "get"
local paths, at = {}, 0
local every, plain, labelled

function init(args)
  mode = args[1] or "get"
  wrk.headers["X-M2M-Origin"] = "Cbench"
  wrk.headers["X-M2M-RI"] = "r1"
  wrk.headers["X-M2M-RVI"] = "3"
  if mode == "post" then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json;ty=4"
    wrk.body = '{"m2m:cin":{"cnf":"application/json:0","con":"{\\"temperature\\":21.5,\\"unit\\":\\"Cel\\"}"}}'
    every, plain, labelled = tonumber(args[2]), wrk.body, wrk.body:sub(1, -3) .. ',"lbl":["rare"]}}'
  elseif mode == "policies" then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json;ty=1"
    wrk.body = '{"m2m:acp":{"pv":{"acr":[{"acor":["Cother","Cthird"],"acop":2}]},"pvs":{"acr":[{"acor":["Cbench"],"acop":63}]}}}'
  elseif mode == "get" and args[2] then
    wrk.headers["X-M2M-Origin"] = args[2]
  elseif mode == "list" then
    for line in io.lines(args[2]) do
      paths[#paths + 1] = line
    end
  end
end

function request()
  at = at + 1
  if mode == "list" then
    return wrk.format(nil, paths[(at - 1) % #paths + 1])
  elseif every then
    return wrk.format(nil, nil, nil, at % every == 0 and labelled or plain)
  end
  return wrk.format()
end
