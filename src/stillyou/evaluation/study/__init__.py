"""The study with people: two edits of one portrait beside each other, and two questions.

plan            what is compared: pictures under names that say nothing, editors, attention checks
make            a plan from the pictures of a comparison
sessions        which trials a participant gets, and in what order: balanced, mirrored, by seed
store           participants and answers in SQLite beside a journal: no answer is lost
web  page/      the server and its page
screening       who is left out, and why
bradley_terry  agreement  power     the statistics
results         everything together: tables, figures, Parquet
"""
