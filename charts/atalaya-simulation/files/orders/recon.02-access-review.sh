# step: access review
# ends with: 0
# prints: ^(true|false)$
curl -s -k -m 5 -A kubectl -H "Authorization: Bearer $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)" -H "Content-Type: application/json" -X POST -d '{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"resourceAttributes":{"namespace":"default","verb":"get","resource":"pods"}}}' https://kubernetes.default/apis/authorization.k8s.io/v1/selfsubjectaccessreviews | grep -Po '"allowed": *\K(true|false)'
