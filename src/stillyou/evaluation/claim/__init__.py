"""The paper's claim, tested: does an editor that learns from imperfect generated pairs keep more than its pairs do?

settings    what a run is made of, and its sizes
truth       studio pairs: the pictures that the text-to-image teacher draws beside, and what is true of them
teacher     that teacher, as a maker of pairs and as an editor of the test pictures
pairs       the pairs: made, curated, and once more without curation
variants    the editors: the whole method, each part of it left out, and InstructPix2Pix
editors     training them by the training code that users run
measured    every editor along its dial on the test pictures, kept on disk
questions   differences at equal success, areas, intervals
paper       docs/results/paper.md: tables, curves, sheets
run         the stages in order, each found again where it was left
"""
