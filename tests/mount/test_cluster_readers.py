# SPDX-License-Identifier: MIT
"""Dask, and plain Python, over the pieces of one file on two hosts: each host mounts the file for itself."""

import hashlib
import json
import select
import subprocess

import clustering
from clustering import ClusterTest
from harness import wait_for
from recipe_blocks import recipe, sections

RECIPE = ("docs/recipes.md", "Dask on several machines")

# Answers questions, one a line, with Dask. Pieces are read by the workers, and what they hold comes back.
DRIVER = """
import errno, glob, json, os, sys, time
import dask.bag, fsspec
from distributed import Client, get_worker

client = Client("tcp://head:8786")
client.wait_for_workers(2)
HELD = "/shared/work/held."

def read(path):
    with open(path, "rb") as file:
        return get_worker().name, file.read()

def read_reference(name, references):
    return get_worker().name, fsspec.filesystem("reference", fo=references).cat_file(name)

def read_or_hang(path, victim):
    with open(path, "rb") as file:
        half = file.read(1000)
        if get_worker().name == victim:
            open(HELD + os.path.basename(path), "w").close()
            time.sleep(1000)
        time.sleep(0.1)
        return get_worker().name, half + file.read()

def read_after(path, gate):
    number = int(os.path.basename(path).split(".")[0])
    while number >= 4 and not os.path.exists(gate):
        time.sleep(0.02)
    return read(path)

def told(error):
    return [isinstance(error, OSError), errno.errorcode.get(getattr(error, "errno", None), str(error))]

def gathered(futures):
    found = client.gather(futures)
    return {"workers": [name for name, _ in found], "data": b"".join(data for _, data in found).decode("latin-1")}

def pieces(view):
    return sorted(glob.glob(view + "/*"))

def by_futures(view):
    return gathered(client.map(read, pieces(view), pure=False))

def by_bag(view):
    bag = dask.bag.read_text(pieces(view))
    return {"count": bag.filter(lambda line: "ERROR" in line).count().compute(), "parts": bag.npartitions,
            "data": "".join(bag.compute())}

def by_references(references):
    return gathered(client.map(read_reference, sorted(references["refs"]), references=references, pure=False))

def while_one_dies(view, victim):
    return gathered(client.map(read_or_hang, pieces(view), victim=victim, pure=False))

def while_it_changes(view, gate):
    futures = client.map(read_after, pieces(view), gate=gate, pure=False)
    early = gathered(futures[:4])
    open(gate + ".reached", "w").close()
    late = [future.exception() for future in futures[4:]]
    try:
        bag = told(dask.bag.read_text([view + "/%d" % n for n in range(16)]).count().compute())
    except Exception as error:
        bag = told(error)
    try:
        listed = os.listdir(view)
    except OSError as error:
        listed = told(error)
    return {"early": early, "late": [told(error) for error in late], "bag": bag, "glob": pieces(view), "list": listed}

print("ready", flush=True)
for line in sys.stdin:
    name, arguments = json.loads(line)
    print(json.dumps(globals()[name](**arguments)), flush=True)
"""
# A host's share of the pieces, on all its processors: for each its number, its count of errors, its digest.
SHARE = """
import glob, hashlib, json, multiprocessing, sys

def read(piece):
    with open(piece, "rb") as file:
        data = file.read()
    return data.count(b"ERROR"), hashlib.sha256(data).hexdigest()

if __name__ == "__main__":
    first, step, view = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with multiprocessing.Pool(4) as pool:
        print(json.dumps(pool.map(read, sorted(glob.glob(view + "/*"))[first::step])))
"""


def log(lines):
    return b"".join(b"%08d %s request %s\n" % (n, b"ERROR" if n % 7 == 0 else b"INFO", b"x" * (n * 37 % 50))
                    for n in range(lines))


class ReadersTest(ClusterTest):
    """A scheduler on the first host, a worker on each of the others."""

    HOSTS = ("head", "two", "three")
    WORKERS = ("two", "three")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = log(120000)
        cls.path = cls.shared / "data/app.log"
        cls.path.write_bytes(cls.data)
        cls.programs = []
        scheduler, worker, *_ = sections(*RECIPE[:1])[RECIPE[1]]
        cls.go(cls.host["head"], *scheduler.split(), "--no-dashboard", "--host", cls.host["head"].address)
        for name in cls.HOSTS:
            host = cls.host[name]
            host.shell("mkdir -p /mnt/chunks && ln -sfn /shared/data /data && "
                       "bigfs -o allow_other --min-size 100K /data /mnt/chunks")
            if name in cls.WORKERS:
                cls.go(host, *worker.split(), "--host", host.address, "--nthreads", "2", "--no-nanny", "--no-dashboard",
                       "--name", name)
        (cls.shared / "work/driver.py").write_text(DRIVER)
        (cls.shared / "work/share.py").write_text(SHARE)
        cls.driver = cls.go(cls.host["head"], "python3", "-u", "/shared/work/driver.py", stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
        assert cls.hear() == "ready\n", "the driver did not start"

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()  # they end with their hosts
        for program in cls.programs:
            program.communicate(timeout=clustering.SECONDS)

    @classmethod
    def go(cls, host, *argv, stdout=subprocess.DEVNULL, **options):
        """Starts a program of a user without rights."""
        cls.programs.append(host.popen("env", "-C", "/tmp", *argv, user="worker", stdout=stdout,
                                       stderr=subprocess.DEVNULL, **options))
        return cls.programs[-1]

    @classmethod
    def hear(cls):
        """The driver's next line, if it comes."""
        if not select.select([cls.driver.stdout], [], [], clustering.SECONDS)[0]:
            raise AssertionError("the driver does not answer")
        return cls.driver.stdout.readline()

    def say(self, question, **arguments):
        self.driver.stdin.write(json.dumps([question, arguments]) + "\n")
        self.driver.stdin.flush()

    def ask(self, question, **arguments):
        self.say(question, **arguments)
        return json.loads(self.hear())

    def view(self, host="head"):
        """The view that all tasks read, by the word of the content of now."""
        word = self.host[host].run("cat", "/mnt/chunks/app.log/pin").strip()
        return "/mnt/chunks/app.log/lines@n16,pin=" + word

    def assert_all(self, found, workers=WORKERS):
        """The bytes of the pieces, in order, are the file; and each of these workers read some."""
        self.assertEqual(found["data"].count("ERROR"), self.data.count(b"ERROR"))
        self.assertEqual(hashlib.sha256(found["data"].encode("latin-1")).digest(), hashlib.sha256(self.data).digest())
        if "workers" in found:
            self.assertEqual((len(found["workers"]), set(found["workers"])), (16, set(workers)))

    def test_glob(self):
        """The paths of a view, as futures and as a bag of lines."""
        self.assert_all(self.ask("by_futures", view=self.view()))
        found = self.ask("by_bag", view=self.view())
        self.assert_all(found)
        self.assertEqual((found["count"], found["parts"]), (self.data.count(b"ERROR"), 16))

    def test_references(self):
        """VIEW.json, read on one host, is enough: the workers have no mount."""
        references = json.loads(self.host["head"].run("cat", self.view() + ".json"))
        for name in self.WORKERS:
            self.host[name].run("bigfs", "--unmount", "/mnt/chunks")
            self.assertNotIn("bigfs", self.host[name].run("cat", "/proc/mounts").replace("/usr/bin/bigfs", ""))
        self.assert_all(self.ask("by_references", references=references))
        for name in self.WORKERS:
            self.host[name].run("bigfs", "-o", "allow_other", "--min-size", "100K", "/data", "/mnt/chunks")

    @recipe(*RECIPE)
    def test_recipe(self):
        """With a mount on each host, and with references, by the user who mounted."""
        self.used.update((0, 1))  # they run since the start
        head = self.host["head"]
        for number, user in ((2, "worker"), (3, "root")):
            head.write("/tmp/job.py", self.block(number))
            self.assertEqual(int(head.run("python3", "/tmp/job.py", user=user)), self.data.count(b"ERROR"))
        with self.assertRaisesRegex(clustering.debian.Trouble, "Permission denied: '/mnt/chunks/app.log/lines@n16.json'"):
            head.run("python3", "/tmp/job.py", user="worker")

    def test_plain_python(self):
        """Each host has every other piece, on all its processors."""
        shares = self.finish(*(self.popen(self.host[name], "python3 /shared/work/share.py %d 2 %s" % (n, self.view(name)))
                               for n, name in enumerate(self.WORKERS)))
        found = [None] * 16
        found[0::2], found[1::2] = map(json.loads, shares)
        pieces = [self.host["head"].bytes("%s/%d" % (self.view(), n)) for n in range(16)]
        self.assertEqual(found, [[piece.count(b"ERROR"), hashlib.sha256(piece).hexdigest()] for piece in pieces])
        self.assert_all({"data": b"".join(pieces).decode("latin-1")})

    def test_rewritten(self):
        """With a pin, what was read is of the old content; the rest is an OSError, ESTALE, in the result. glob hides it."""
        gate = "/shared/work/gate"
        self.say("while_it_changes", view=self.view(), gate=gate)
        try:
            wait_for((self.shared / "work/gate.reached").exists, clustering.SECONDS, "four pieces are read")
            with open(self.path, "r+b") as file:
                file.write(b"other   ")
            (self.shared / "work/gate").touch()
            found = json.loads(self.hear())
        finally:
            self.path.write_bytes(self.data)
        early = found["early"]["data"].encode("latin-1")
        self.assertTrue(len(early) > len(self.data) // 5 and self.data.startswith(early))
        self.assertEqual(found["late"], [[True, "ESTALE"]] * 12)
        self.assertEqual((found["bag"], found["list"], found["glob"]), ([True, "ESTALE"], [True, "ESTALE"], []))

    def test_the_host_of_a_worker_dies(self):
        """In the middle of its tasks: they run on the other. (Dask sees the end of the connection.)"""
        self.say("while_one_dies", view=self.view(), victim="three")
        wait_for(lambda: list((self.shared / "work").glob("held.*")), clustering.SECONDS, "a task runs on three")
        self.host.pop("three").kill()  # the last test
        self.assert_all(json.loads(self.hear()), workers=("two",))


if __name__ == "__main__":
    clustering.main()
