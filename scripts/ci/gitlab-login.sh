#!/bin/sh
# Sourced by a GitLab job: makes logins of the job's own tokens, for the clouds whose variables its environment has. The
# tokens are in files that only the job's user reads, outside of what artifacts keep.
login=$(mktemp -d)

if [ -n "${AWS_ROLE_ARN:-}" ]; then
    (umask 077 && printf %s "$AWS_ID_TOKEN" >"$login/aws")
    export AWS_WEB_IDENTITY_TOKEN_FILE="$login/aws"
fi

if [ -n "${GCP_WORKLOAD_IDENTITY_PROVIDER:-}" ]; then
    (umask 077 && printf %s "$GCP_ID_TOKEN" >"$login/gcp")
    cat >"$login/gcp.json" <<JSON
{
  "type": "external_account",
  "audience": "//iam.googleapis.com/$GCP_WORKLOAD_IDENTITY_PROVIDER",
  "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
  "token_url": "https://sts.googleapis.com/v1/token",
  "credential_source": {"file": "$login/gcp"},
  "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/$GCP_SERVICE_ACCOUNT:generateAccessToken"
}
JSON
    # For the provider, and for gcloud.
    export GOOGLE_APPLICATION_CREDENTIALS="$login/gcp.json" CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE="$login/gcp.json"
fi

if [ -n "${AZURE_CLIENT_ID:-}" ]; then
    (umask 077 && printf %s "$AZURE_ID_TOKEN" >"$login/azure")
    # For the provider, and for kubelogin.
    export ARM_USE_OIDC=true ARM_OIDC_TOKEN="$AZURE_ID_TOKEN"
    export ARM_CLIENT_ID="$AZURE_CLIENT_ID" ARM_TENANT_ID="$AZURE_TENANT_ID"
    export AAD_LOGIN_METHOD=workloadidentity AZURE_FEDERATED_TOKEN_FILE="$login/azure"
fi
