# A folder with a few files and no repository.
echo one > one.txt
mkdir -p folder/below
echo two > folder/two.txt
echo three > folder/below/three.txt
