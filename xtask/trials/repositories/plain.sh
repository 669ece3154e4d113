# A folder with a few files and no repository: a project, because it has a folder for Keep's settings.
mkdir .keep
echo one > one.txt
mkdir -p folder/below
echo two > folder/two.txt
echo three > folder/below/three.txt
