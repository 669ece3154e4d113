# Stands before every script. Times that programs write into files are the same in every run.
umask 022
export GIT_AUTHOR_DATE='2026-01-02T03:04:05Z' GIT_COMMITTER_DATE='2026-01-02T03:04:05Z'
export SOURCE_DATE_EPOCH=1767323045 TZ=UTC PYTHONDONTWRITEBYTECODE=1 CARGO_TERM_COLOR=never
