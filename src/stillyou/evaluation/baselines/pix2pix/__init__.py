"""pix2pix (Isola, Zhu, Zhou and Efros 2017, arXiv 1611.07004): a paired conditional GAN.

network     generator (U-Net) and discriminator (patches), section 6.1
objective   what each of them minimises, section 3.1
training    their turns, section 3.3
editor      the generator as an editor of pictures
"""
