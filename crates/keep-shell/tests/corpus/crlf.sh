ls
rm x
