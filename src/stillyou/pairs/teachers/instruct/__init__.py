"""The teacher `instruct`: an instruction editor of diffusers' changes portraits of the user's own.

config       its options and what it needs
families     the pipelines that are known, and how each is called
memory       whether a model fits, all of it or by parts, told before it is loaded
registering  where an output lies over its source: scale, shift, residual
blended      the pair of a registered output: colours matched, the true mask, the source outside it
teacher      pairs from sources
"""
