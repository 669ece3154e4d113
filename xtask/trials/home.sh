# A developer's home: settings, and what nobody else should read.
git config --global user.name 'A Developer'
git config --global user.email developer@example.org
git config --global init.defaultBranch main
git config --global advice.detachedHead false
git config --global gc.auto 0
git config --global pack.threads 1
git config --global protocol.file.allow always
mkdir -m 700 .ssh .aws .gnupg .config .config/gh .docker
echo 'not a real key' > .ssh/id_ed25519
echo 'not a real key' > .aws/credentials
echo 'oauth_token: none' > .config/gh/hosts.yml
echo '{}' > .docker/config.json
echo 'machine example.org login nobody password none' > .netrc
echo '//registry.example.org/:_authToken=none' > .npmrc
echo 'https://nobody:none@example.org' > .git-credentials
chmod 600 .ssh/id_ed25519 .aws/credentials .netrc .npmrc .git-credentials
echo 'echo hello > /dev/null' > .bashrc
echo 'ls' > .bash_history
