# step: beginning of the token
# ends with: 0
# prints: ^eyJ
cat /var/run/secrets/kubernetes.io/serviceaccount/token > /dev/null; head -c 30 /var/run/secrets/kubernetes.io/serviceaccount/token
