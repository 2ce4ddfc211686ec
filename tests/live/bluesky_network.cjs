// A directory (PLC), a server (PDS) and what shows the network (AppView), all of them real, on 127.0.0.1 only.
const net = require('node:net')
require('node:dns').setDefaultResultOrder('ipv4first')

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...where) {
  if (typeof where[0] === 'number' && typeof where[1] !== 'string') where.splice(1, 0, '127.0.0.1')
  else if (where[0] && typeof where[0] === 'object' && where[0].port !== undefined) where[0] = { ...where[0], host: '127.0.0.1' }
  return listen.apply(this, where)
}

const { TestPlc, TestPds, TestBsky, mockNetworkUtilities } = require('@atproto/dev-env')
const [plcPort, pdsPort, viewPort] = process.argv.slice(2, 5).map(Number)
const rateLimits = process.argv[5] === 'limits'

async function main() {
  const plc = await TestPlc.create({ port: plcPort })
  const view = await TestBsky.create({
    port: viewPort,
    plcUrl: plc.url,
    pdsPort,
    repoProvider: `ws://localhost:${pdsPort}`,
    dbPostgresUrl: process.env.DATABASE,
    dbPostgresSchema: 'view',
    publicUrl: `http://localhost:${viewPort}`,
  })
  const pds = await TestPds.create({
    port: pdsPort,
    hostname: 'localhost',
    didPlcUrl: plc.url,
    enableDidDocWithSession: true,
    bskyAppViewUrl: view.url,
    bskyAppViewDid: view.serverDid,
    ...(rateLimits ? { rateLimitsEnabled: true } : {}),
  })
  mockNetworkUtilities(pds, view)
  const end = async () => {
    try {
      await view.close()
      await pds.close()
      await plc.close()
    } finally {
      process.exit(0)
    }
  }
  process.on('SIGTERM', end)
  console.log('READY')
}

main().catch((problem) => {
  console.error(problem)
  process.exit(1)
})
