# A package with tests, a wheel to install, and pytest's own wheels where they can be had.
git init --quiet
rm --force .git/hooks/*.sample
mkdir -p calc tests wheels make
cat > pyproject.toml <<'FILE'
[project]
name = "calc"
version = "0.1.0"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["make"]
FILE
cat > calc/__init__.py <<'FILE'
def add(a, b):
    return a + b
FILE
echo 'from calc import add; import sys; print(add(*map(int, sys.argv[1:])))' > calc/__main__.py
cat > tests/test_calc.py <<'FILE'
import multiprocessing, os, socket, tempfile, threading, unittest
from concurrent.futures import ProcessPoolExecutor
from calc import add

class Test(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)

    def test_temporary(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "file")
            with open(path, "w") as file:
                file.write("text")
            self.assertEqual(os.stat(path).st_size, 4)

    def test_processes(self):
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
            self.assertEqual(list(pool.map(abs, [-1, -2])), [1, 2])

    def test_loopback(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=lambda: server.accept()[0].sendall(b"hello"))
            thread.start()
            with socket.create_connection(server.getsockname()) as client:
                self.assertEqual(client.recv(5), b"hello")
            thread.join()
FILE
cat > make/backend.py <<'FILE'
"""As much of a build backend as a wheel needs."""
import base64, hashlib, os, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    files = {name: open(name, "rb").read() for name in ("calc/__init__.py", "calc/__main__.py")}
    about = "calc-0.1.0.dist-info/"
    files[about + "METADATA"] = b"Metadata-Version: 2.1\nName: calc\nVersion: 0.1.0\n"
    files[about + "WHEEL"] = b"Wheel-Version: 1.0\nGenerator: own\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = ""
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(content)}\n"
    files[about + "RECORD"] = (record + about + "RECORD,,\n").encode()
    wheel = "calc-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return wheel
FILE
(cd make && python3 -c 'import sys; sys.path.insert(0, "."); import os, backend; os.chdir(".."); print(backend.build_wheel("wheels"))')
python3 -m pip download --quiet --dest wheels pytest==8.4.2 pytest-xdist==3.8.0 || true
printf '.venv\ndist\n__pycache__\n.pytest_cache\nwheels\n' > .gitignore
git add . && git commit --quiet --message 'Begin'
