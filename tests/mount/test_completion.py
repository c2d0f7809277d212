# SPDX-License-Identifier: MIT
"""Completion in real shells: options and their values, mountpoints, views, and names in a mount that are not listed."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

import harness
from harness import M, REPO
from support import bigfs

FOLDER = REPO / "scripts" / "packaging" / "completion"
SECONDS = 30  # for a shell to answer
END = "END-OF-ANSWER"
SHOW = "cat() { printf '<%s>' \"$@\"; echo E''ND-OF-ANSWER; }; bigfs() { cat \"$@\"; }; cat\n"
SETUP = {
    "bash": "PS1='$ '; bind 'set completion-query-items 0'; bind 'set page-completions off'\n"
            "bind 'set show-all-if-ambiguous on'; bind 'set enable-bracketed-paste off'; bind 'set bell-style none'\n"
            "source %s/bigfs.bash; complete -o bashdefault -o default -o nospace -F _bigfs_names cat\n" % FOLDER,
    "zsh": "PS1='$ '; PROMPT_SP=; fpath=(%s $fpath); LISTMAX=9999; unsetopt beep automenu prompt_sp\n"
           "autoload -Uz compinit; compinit -D -u; zstyle ':completion:*' completer _bigfs_names _complete\n" % FOLDER,
}
ARGUMENTS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}


class Terminal:
    """An interactive shell that completes what is typed, and shows the arguments that cat and bigfs would get."""

    def __init__(self, test, shell, directory):
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(directory)
            os.execvpe(shell, ARGUMENTS[shell], dict(os.environ, TERM="dumb", HOME=str(directory), LC_ALL="C.UTF-8"))
        test._finally(self.end, None)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 200, 120, 0, 0))
        self.answer(SETUP[shell] + SHOW)

    def end(self, _):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.terminal)

    def answer(self, typed):
        os.write(self.terminal, typed.encode())
        output, deadline = b"", time.monotonic() + SECONDS
        while END.encode() not in output:
            if not select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError("no answer to %r: %r" % (typed, output))
            output += os.read(self.terminal, 65536)
        return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>])", "", output.decode())

    def complete(self, line):
        """(the arguments after one TAB, the words that were listed)"""
        output = self.answer(line + "\t\n")
        return re.findall(r"<(.*?)>", output), set(output.split())


class Fish:
    """`complete -C` tells what fish would offer."""

    def __init__(self, directory):
        self.directory = directory

    def complete(self, line):
        script = ("set -p fish_function_path %s; source %s/bigfs.fish; complete -c cat -a '(__bigfs_names)'; "
                  "complete -C $argv[1]" % (FOLDER, FOLDER))
        output = subprocess.run(["fish", "--no-config", "-c", script, "--", line], capture_output=True, text=True,
                                cwd=self.directory, env=dict(os.environ, HOME=str(self.directory), LC_ALL="C.UTF-8"),
                                timeout=SECONDS)
        return None, {one.split("\t")[0] for one in output.stdout.splitlines()}


class CompletionTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.write("app.log", b"0123456789\n" * (M // 8))
        self.write("a b.log", b"0123456789\n" * (M // 8))
        self.point = self.mount(None, "--min-size", "1M", "--index-dir", "none").path
        (self.tmp / "mnt").symlink_to(self.point)
        (self.tmp / "a directory").mkdir()
        (self.tmp / "file").touch()

    def shell(self, name):
        self.require(shutil.which(name), "%s is not installed" % name)
        self.name = name
        return Fish(self.tmp) if name == "fish" else Terminal(self, name, self.tmp)

    def offers(self, shell, line, *wanted, never=()):
        """Each of these is listed, whatever stands before it in the word."""
        _, listed = shell.complete(line)
        for one in wanted:
            self.assertTrue(any(word.endswith(one) for word in listed), (self.name, line, one, listed))
        for one in never:
            self.assertFalse(any(word.endswith(one) for word in listed), (self.name, line, one, listed))

    def completes(self, shell, line, wanted):
        """There is one way to go on: the last argument becomes this."""
        arguments, listed = shell.complete(line)
        if arguments is None:
            self.assertEqual(listed, {wanted}, (self.name, line))
        else:
            self.assertEqual(arguments[-1:], [wanted], (self.name, line))

    def check_options(self, shell, eq="="):
        self.offers(shell, "bigfs --", *(one + eq for one in ("--chunk-size", "--cache", "--log-level", "--record")),
                    "--index", "--list", "--unmount", "--version", "--help")
        self.offers(shell, "bigfs --cache=", "kernel", "none", never=["auto"])
        self.offers(shell, "bigfs --extents ", "auto", "seek", "fiemap", "none")
        self.offers(shell, "bigfs --log-level=", "error", "warning", "notice", "info", "debug")
        self.offers(shell, "bigfs --views bytes,", "lines", "extents")
        self.completes(shell, "bigfs --cache=k", "--cache=kernel")

    def check_list_options(self, shell):
        self.offers(shell, "bigfs -o allow_other,cache=", "kernel", "none")

    def check_operands(self, shell):
        """SOURCE, a directory as MOUNTPOINT, what is mounted, and the views of --list."""
        self.offers(shell, "bigfs --list file ", "lines", "lines@", "extents", never=["mnt", "mnt/"])
        self.offers(shell, "bigfs --list file lines@", "n16", "64M")
        self.offers(shell, "bigfs --list file rows@n4,", "header", "csv", "fastq", never=["from="])
        self.completes(shell, "bigfs --unmount " + self.point[:-2], self.point + ("/" if self.name == "bash" else ""))

    def check_names(self, shell):
        """With another command, by the line that the files of completions tell; and nothing elsewhere."""
        self.offers(shell, "cat mnt/app.log/", "bytes/", "rows/", "rows.tsv", "sorted/", "pin", "lines@", "whole.log",
                    never=["plain/"])
        self.offers(shell, "cat mnt/app.log/lines@", "n16", "64M")
        pin = harness.read(os.path.join(self.point, "app.log", "pin")).decode().strip()
        self.completes(shell, "cat mnt/app.log/bytes@n4,to=9,pi", "mnt/app.log/bytes@n4,to=9,pin=" + pin)
        self.completes(shell, "cat mnt/app.log/bytes@n4,fr", "mnt/app.log/bytes@n4,from=")
        self.completes(shell, "cat mnt/app.log/pi", "mnt/app.log/pin")
        self.completes(shell, "cat mnt/a\\ b.log/pi", "mnt/a b.log/pin")
        self.completes(shell, "cat fi", "file")

    def test_bash(self):
        shell = self.shell("bash")
        self.check_options(shell)
        self.check_list_options(shell)
        self.check_operands(shell)
        self.check_names(shell)
        self.completes(shell, "bigfs fil", "file")
        self.completes(shell, "bigfs file a", "a directory/")

    def test_zsh(self):
        shell = self.shell("zsh")
        self.check_options(shell, eq="")
        self.check_list_options(shell)
        self.check_operands(shell)
        self.check_names(shell)
        self.completes(shell, "bigfs fil", "file")
        self.completes(shell, "bigfs file a", "a directory")  # zsh takes the / away again

    def test_fish(self):
        shell = self.shell("fish")
        self.check_options(shell, eq="")
        self.check_list_options(shell)
        self.check_operands(shell)
        self.check_names(shell)
        self.completes(shell, "bigfs fil", "file")
        self.completes(shell, "bigfs file a", "a directory/")

    def test_values_are_taken(self):
        """Each value that is offered for an option is one that the program takes."""
        shell = self.shell("fish")
        _, options = shell.complete("bigfs --")
        tried = 0
        for option in sorted(options):
            _, values = shell.complete("bigfs %s=" % option)
            for value in values:
                code, _, errors = bigfs(value, "--help")
                # No value: a file, which fish offers after a flag. And there are options of another version.
                is_file = (self.tmp / value.split("=", 1)[-1]).exists()
                if not is_file and not re.search("takes no value|unknown option", errors):
                    self.assertEqual(code, 0, (value, errors))
                    tried += 1
        self.assertGreater(tried, 30)


if __name__ == "__main__":
    harness.main()
