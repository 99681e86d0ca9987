# step: miner run
# ends with: 0
# prints: ^ran to its end$
chmod +x xmrig && ./xmrig && echo "ran to its end"
