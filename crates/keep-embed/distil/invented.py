"""Texts of our own: what people and agents note down and ask, put together at random.

Documentation and dictionaries hold little of how a conversation or a note about a project reads: I and you,
last week and next month, names, decisions, preferences. The teacher gives the meaning; the texts only have
to put such words beside each other. Most come as a question and what answers it.
"""

import random

NAMES = """Anna Ben Carla David Emma Felix Grace Hassan Irene Jonas Karen Liam Maria Noah Olivia Pedro Priya Quinn
Rosa Samir Tessa Umar Vera Will Ximena Yuki Zoe Alex Chris Dana Elena Frank George Hannah Ivan Julia Kevin Laura Mike
Nina Oscar Paul Rachel Sofia Tom Victor Wendy James Linda Robert Susan Daniel Amy Brian Kate Peter Lucy Simon Megan""".split()

PLACES = """Paris;London;Berlin;Tokyo;New York;Chicago;Rome;Madrid;Sydney;Toronto;Mexico;India;Brazil;Kenya;Sweden;the
coast;the mountains;the lake;the beach;the city;a small village;my hometown;the countryside;the museum;the park;the
library;the gym;the hospital;the office;school;church;the market;the theatre;a cafe;the forest;the airport""".replace("\n", " ").split(";")

PEOPLE = """my sister;my brother;my mother;my father;my daughter;my son;my wife;my husband;my partner;my best friend;my
boss;my neighbor;my roommate;my cousin;my grandmother;my grandfather;our kids;the kids;my team;a colleague;my teacher;my
doctor;my therapist;my dog;our cat;my aunt;my uncle;my friends;my parents;her family;his girlfriend""".replace("\n", " ").split(";")

# What people do: to do it, doing it, did it.
DOINGS = [tuple(line.split("|")) for line in """go hiking|hiking|went hiking
draw a portrait|drawing portraits|drew a portrait
play the guitar|playing the guitar|played the guitar
play the piano|piano lessons|played the piano
bake a cake|baking|baked a cake
cook dinner|cooking|cooked dinner
learn Spanish|learning Spanish|learned some Spanish
run a marathon|running|ran a marathon
get a rabbit|the new rabbit|got a rabbit
read a novel|reading novels|read a novel
write a book|writing|wrote a book
plant tomatoes|gardening|planted tomatoes
go camping|camping|went camping
visit the doctor|the doctor's appointment|visited the doctor
start a new job|the new job|started a new job
quit a job|quitting the job|quit a job
move to a new house|moving house|moved to a new house
buy a car|buying a car|bought a car
repair the bike|fixing bikes|repaired the bike
join a yoga class|yoga|joined a yoga class
take a sewing class|sewing|took a sewing class
volunteer at a library|volunteering|volunteered at a library
get married|the wedding|got married
have a baby|the baby|had a baby
celebrate a birthday|the birthday party|celebrated a birthday
watch a movie|watching movies|watched a movie
go to a concert|concerts|went to a concert
swim in the sea|swimming|swam in the sea
ride a horse|horse riding|rode a horse
play chess|chess|played chess
play basketball|basketball|played basketball
play a video game|video games|played a video game
win a tournament|tournaments|won a tournament
study for the exam|studying|studied for the exam
graduate from college|the graduation|graduated from college
apply for a loan|the loan|applied for a loan
open a shop|the shop|opened a shop
start a business|the business|started a business
take photos|photography|took photos
go on a road trip|the road trip|went on a road trip
see a therapist|therapy|saw a therapist
stop smoking|quitting smoking|stopped smoking
lose weight|losing weight|lost weight
eat vegetarian food|a vegetarian diet|ate vegetarian food
break a leg|the broken leg|broke a leg
lose the keys|the lost keys|lost the keys
sell the house|selling the house|sold the house
knit a scarf|knitting|knitted a scarf
build a treehouse|woodwork|built a treehouse
dance salsa|dancing|danced salsa
meditate every morning|meditation|meditated every morning
give a speech|public speaking|gave a speech
make pasta|homemade pasta|made pasta
paint the bedroom|the bedroom walls|painted the bedroom
go fishing|fishing|went fishing
attend a conference|conferences|attended a conference
help a neighbor|helping neighbors|helped a neighbor""".splitlines()]

PAST = """yesterday;last night;last week;last month;last year;last Friday;last summer;two days ago;three weeks ago;a few
years ago;this morning;on Saturday;on Monday;in January;in March;in May 2016;in June 2018;in August;in October;in
December;on 3 April 2020;on 12 July;over the weekend;when I was a child;in 2012;in 2021;at Christmas;on Thanksgiving""".replace("\n", " ").split(";")
FUTURE = """tomorrow;next week;next month;next year;next Friday;this weekend;soon;in two weeks;in September;on
Tuesday;tonight;in the spring;after work;in the summer;before Christmas""".replace("\n", " ").split(";")
FEELINGS = """happy;proud;nervous;excited;sad;tired;grateful;anxious;stressed;relieved;angry;calm;lonely;surprised;
disappointed;hopeful;inspired;worried;confident;overwhelmed""".replace("\n", " ").split(";")
LIKED = """jazz;classical music;rock music;Thai food;pizza;sushi;coffee;green tea;chocolate;ice cream;dogs;cats;horses;
science fiction;fantasy novels;old movies;documentaries;board games;roses;flowers;snow;the ocean;long
walks;poetry;modern art;history books;football;tennis;cycling;dark mode;quiet places;spicy food;red wine;birds""".replace("\n", " ").split(";")
GIFTS = "a book;a watch;a painting;a guitar;a bike;flowers;a camera;a letter;a puzzle;a scarf;a mug;a ring;a plant".split(";")
JOBS = "nurse;teacher;engineer;designer;lawyer;writer;chef;carpenter;manager;student;musician;artist;doctor;driver;plumber;scientist;developer".split(";")

TOOLS = """PostgreSQL;SQLite;Redis;MySQL;Kafka;RabbitMQ;Docker;Kubernetes;Terraform;Ansible;GitHub Actions;Jenkins;
React;Vue;Svelte;TypeScript;Python;Rust;Go;Java;Node;Django;Flask;FastAPI;Axum;Tokio;GraphQL;gRPC;REST;Nginx;S3;
Elasticsearch;Prometheus;Grafana;pytest;cargo;npm;pnpm;uv;poetry;webpack;Vite;Tailwind;PyTorch;NumPy;Pandas;
OpenTelemetry;Sentry;Stripe;OAuth;JWT;Markdown;YAML;TOML;JSON;Protobuf;Bash;Make;just;nix;systemd;cron""".replace("\n", " ").split(";")
PARTS = """the login page;the API;the payment service;the database;the cache;the queue;the worker;the parser;the
compiler;the build;the test suite;the deploy script;the migration;the search index;the scheduler;the upload
handler;the dashboard;the mobile app;the command line;the configuration file;the logger;the auth middleware;the
backup job;the CI pipeline;the data loader;the training run;the tokenizer;the checkpoint;the web server;the
client library;the release process;the documentation;the staging server;the production cluster;the linter""".replace("\n", " ").split(";")
FAULTS = """times out;crashes;leaks memory;returns a 500 error;is too slow;fails on Windows;breaks after midnight;runs
out of disk space;hangs forever;drops connections;loses messages;returns stale data;deadlocks;needs a restart;
fails the second time;panics on empty input;ignores the timeout;rejects valid tokens;writes the file
twice;uses too much CPU;does not start;cannot connect;shows the wrong time zone;is flaky""".replace("\n", " ").split(";")
CAUSES = """a race condition;a missing index;the wrong environment variable;an expired certificate;a bad merge;an old
version of the library;a typo in the config;too many open files;a full disk;a missing lock;the new proxy;a
null pointer;an off-by-one error;the firewall;rate limiting;a daylight saving bug;an unhandled exception;wrong file
permissions;a circular import;clock skew;an N+1 query;a stale cache entry""".replace("\n", " ").split(";")
GOALS = """storing events;caching sessions;running the tests;deploying to production;parsing logs;rendering charts;
sending emails;handling payments;formatting code;tracking errors;storing secrets;background jobs;full text
search;user authentication;image uploads;data validation;monitoring;code review;training models;rate limiting""".replace("\n", " ").split(";")
HABITS = """tabs over spaces;spaces over tabs;short commit messages;small pull requests;tests before code;dark
mode;explicit types;functional style;descriptive names;early returns;no comments that repeat the code;British
spelling;answers in bullet points;short answers;code without emojis;long explanations;squash merges;rebasing over
merging;staging before production;reviews on Fridays;meetings in the morning""".replace("\n", " ").split(";")
COMMANDS = """cargo test;npm run build;make deploy;docker compose up;pytest -x;git push;terraform apply;just release;the
smoke tests;the seed script;the migration script;the formatter;the linter;the nightly job""".replace("\n", " ").split(";")

GREETINGS = ["Hey {n}!", "Hi {n}, long time no see!", "Thanks, {n}!", "Wow, {n}, that's great!", "That's awesome, {n}!",
             "I'm sorry to hear that, {n}.", "Good to see you, {n}.", "Congrats, {n}!", "Take care, {n}!", "No worries, {n}."]
REPLIES = ["That sounds {f}.", "How are you doing?", "What's new with you?", "I'm so {f} for you.", "Tell me more!", "How was it?",
           "That must have been hard.", "I totally agree.", "Sounds like fun!", "Keep me posted.", "I bet you felt {f}."]

# A question and what answers it. Capitals are the lists above; `d0` is to do, `d1` doing, `d2` did.
LIFE = [
    ("When did {n} {d0}?", "{n} {d2} {past}."), ("What did {n} do {past}?", "{n} {d2} with {who} {past}."),
    ("Who did {n} go to {place} with?", "{n} and {who} went to {place} {past}."),
    ("When is {n} going to {d0}?", "I'm planning to {d0} {future}, said {n}."),
    ("What are {n}'s plans for {future}?", "{n}: I want to {d0} {future} with {who}."),
    ("How did {n} feel about {d1}?", "{n} felt {f} about {d1}."), ("What does {n} like?", "{n} really loves {like} and {like2}."),
    ("What is {n}'s favorite thing to do?", "{d1} is my favorite way to relax, {n} says."),
    ("What did {who} give me for my birthday?", "I got {gift} from {who} {past}."), ("Where did {n} grow up?", "{n} grew up in {place}."),
    ("Where does {n} live now?", "{n} moved to {place} {past}."), ("What does {n} do for work?", "{n} works as a {job} near {place}."),
    ("Why did {n} {d0}?", "It helps me feel less {f}, so I {d2} again {past}."),
    ("How long has {n} been into {d1}?", "I started {d1} {past} and I still love it."),
    ("Does {n} prefer {like} or {like2}?", "I'm not a fan of {like}, I prefer {like2}."),
    ("Which hobbies do {n} and {n2} share?", "{n} and {n2} both enjoy {d1}."),
    ("Did {n} enjoy {place}?", "We had such a great time at {place}, it was so relaxing."),
    ("What happened to {n} {past}?", "{past}, {who} {d2} and I was so {f}."), ("Who is {n}?", "{n} is {who}, a {job} who likes {like}."),
    ("What made {n} {f}?", "I was {f} because {who} {d2} {past}."), ("When is {n}'s birthday?", "My birthday is {past}, and we went to {place}."),
    ("What would {n} like to do {future}?", "I can't wait to {d0} {future}!"), ("How many times has {n} been to {place}?", "I've been to {place} three times now."),
]
WORK = [
    ("Why {part} {fault}?", "{Part} {fault} because of {cause}."), ("Which tool do we use for {goal}?", "We decided to use {tool} for {goal}."),
    ("Why did we choose {tool} over {tool2}?", "We moved from {tool2} to {tool} because {part} {fault}."),
    ("How do I run {cmd}?", "Before every release, run {cmd} and then check {part}."), ("What does the user prefer?", "The user prefers {habit}."),
    ("What broke {past}?", "{past} {part} broke: {cause}."), ("Who owns {part}?", "{n} is responsible for {part}."),
    ("How was {part} fixed?", "Fixed: {part} {fault} when {cause} happens; {n} added a retry."),
    ("What is left to do on {part}?", "TODO: {part} still {fault}, look at {cause}."), ("Is {tool} allowed?", "Never use {tool} for {goal}; use {tool2} instead."),
    ("What version of {tool} do we need?", "{part} needs {tool} version {v}."), ("When is the deadline for {part}?", "{part} must be ready {future}."),
    ("Where is the config for {part}?", "The settings of {part} live in {tool} files next to {part2}."),
    ("How does {part} talk to {part2}?", "{part} sends messages to {part2} over {tool}."), ("Error: {part} {fault}", "I found {cause} in {part} after updating {tool}."),
    ("Should I add tests for {part}?", "Always add a regression test when {part} {fault}."), ("What did {n} say about {tool}?", "{n} said that {tool} is too slow for {goal}."),
    ("What is the plan {future}?", "Plan: migrate {part} to {tool} {future}, then remove {tool2}."),
    ("How can I speed up {part}?", "{part} became twice as fast after we replaced {tool2} with {tool}."), ("Which port does {part} use?", "{part} listens on port {port}."),
]


def invent(count, seed=1):
    """`count` texts, each a list as a source yields them."""
    draw = random.Random(seed)
    for _ in range(count):
        doing, words = draw.choice(DOINGS), {}
        words.update(zip(("d0", "d1", "d2"), doing))
        for key, choices in (("n", NAMES), ("n2", NAMES), ("who", PEOPLE), ("place", PLACES), ("past", PAST), ("future", FUTURE),
                             ("f", FEELINGS), ("like", LIKED), ("like2", LIKED), ("gift", GIFTS), ("job", JOBS), ("tool", TOOLS),
                             ("tool2", TOOLS), ("part", PARTS), ("part2", PARTS), ("fault", FAULTS), ("cause", CAUSES),
                             ("goal", GOALS), ("habit", HABITS), ("cmd", COMMANDS)):
            words[key] = draw.choice(choices).strip()
        words.update(Part=words["part"].capitalize(), v=f"{draw.randint(0, 20)}.{draw.randint(0, 9)}", port=draw.randint(1000, 9999))
        chat = draw.random() < 0.55
        question, answer = draw.choice(LIFE if chat else WORK)
        if chat and draw.random() < 0.4:
            answer = f"{draw.choice(GREETINGS)} {answer} {draw.choice(REPLIES)}"
        answer = answer.format(**words)
        yield [question.format(**words), answer[0].upper() + answer[1:]]
