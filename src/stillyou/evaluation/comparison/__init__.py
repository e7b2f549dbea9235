"""Several editors on the same pairs: figures by region, intervals, tests, and curves over each one's own dial.

similarity   SSIM and its structure term, as maps
regions      the figures of one answer inside, around and outside the true mask
hair         fine detail of the hair that an answer loses or adds
whole        published benchmarks' figures and those of the hair, of whole answers
statistics   bootstrap by picture, paired tests, ranks, z-scores
curves       preservation beside success over a dial, and the area under it
run          the comparison itself
pictures     every answer as a file, for eyes and for the study
report       tables and plots
"""
