"""Which commit the program is of, read from its checkout."""

import shutil
import subprocess

import pytest

from trainer.revision import commit_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def without_git(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: None)


def test_a_folder_that_is_no_checkout_has_no_commit(tmp_path):
    assert commit_of(tmp_path) is None


def test_a_branch_a_packed_branch_a_bare_commit_and_a_worktree_are_read_without_git(tmp_path, without_git):
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit_of(tmp_path) is None  # nothing committed yet
    (git / "packed-refs").write_text(f"# pack-refs with: peeled\n{COMMIT} refs/heads/main\n")
    assert commit_of(tmp_path) == COMMIT
    (git / "refs" / "heads" / "main").write_text(COMMIT[::-1] + "\n")
    assert commit_of(tmp_path) == COMMIT[::-1]
    (git / "HEAD").write_text(COMMIT + "\n")
    assert commit_of(tmp_path) == COMMIT
    own = git / "worktrees" / "other"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/main\n")
    (own / "commondir").write_text("../..\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".git").write_text(f"gitdir: {own}\n")
    assert commit_of(tmp_path / "other") == COMMIT[::-1]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_changes_that_are_not_committed_are_told(tmp_path):
    def git(*arguments):
        who = ["-c", "user.name=n", "-c", "user.email=e@x.test", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-q", "-m", "one")
    clean = commit_of(tmp_path)
    assert len(clean) == 40
    (tmp_path / "file").write_text("two")
    assert commit_of(tmp_path) == clean + "+changes"
