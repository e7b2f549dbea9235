"""Other ways to answer a pair, behind one protocol (`known_truth.benchmark.PictureEditor`).

text_model   our denoiser as a text-to-image model, which the published methods edit with
levels       the noise schedule and its steps: what their equations share
sdedit  diffedit  inversion  instruct     one published method each, one equation a function
latent       a method as an editor of pictures
truth        lazy, oracle and teacher: answers that are read off the pair
draft        the effect's art as it is laid
foreign      anybody's editor, or a folder of ready pictures
guard        what an editor does wrong is counted, and the run goes on
candidates   all of them by name, each with its own dial
"""
