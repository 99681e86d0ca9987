# step: service account token
# ends with: 0
# prints: ^eyJ
cat /var/run/secrets/kubernetes.io/serviceaccount/token
