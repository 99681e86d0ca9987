# step: Google metadata
# ends with: 0 7 22 28 52 56
curl -s -m 5 --noproxy '*' -H "Metadata-Flavor: Google" 'http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token'
