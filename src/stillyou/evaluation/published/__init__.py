"""Pixel metrics of published benchmarks, under the benchmarks' own names.

pie_bench   background PSNR, MSE and SSIM outside its mask, and how its masks are written
magicbrush  L1 and L2 to the true target

What those benchmarks measure with networks (structure distance by DINO, LPIPS, CLIP similarity) is not here: none of
these networks ships offline.
"""
