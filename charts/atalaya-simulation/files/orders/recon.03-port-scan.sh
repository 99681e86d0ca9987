# step: port scan
# ends with: 0 124
# prints: ^Starting Nmap
timeout 20 nmap -Pn --open --max-retries 1 --host-timeout 3s kubernetes.default/24 -p 443
