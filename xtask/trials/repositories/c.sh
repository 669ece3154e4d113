# A program in C with a Makefile and the same for CMake.
git init --quiet
rm --force .git/hooks/*.sample
mkdir -p src tests
cat > src/sum.c <<'FILE'
int sum(int a, int b) { return a + b; }
FILE
cat > src/main.c <<'FILE'
#include <stdio.h>
int sum(int, int);
int main(void) { printf("%d\n", sum(1, 2)); return 0; }
FILE
printf 'CFLAGS = -O1 -Wall\nall: app\napp: src/main.o src/sum.o\n\t$(CC) -o $@ $^\ncheck: app\n\ttest "$$(./app)" = 3\nclean:\n\trm -f app src/*.o\n' > Makefile
cat > CMakeLists.txt <<'FILE'
cmake_minimum_required(VERSION 3.10)
project(app C)
enable_testing()
add_executable(app src/main.c src/sum.c)
add_test(NAME runs COMMAND app)
FILE
cat > change.patch <<'FILE'
--- a/src/sum.c
+++ b/src/sum.c
@@ -1 +1,2 @@
-int sum(int a, int b) { return a + b; }
+/* The sum of two numbers. */
+int sum(int a, int b) { return b + a; }
FILE
printf 'app\n*.o\nbuild\n' > .gitignore
git add . && git commit --quiet --message 'Begin'
