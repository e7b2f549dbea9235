// Light cloth, plain or printed with flowers. params: 0 ground, printed; 1 first petals, scale; 2 second petals; 3 leaves.
void surface(inout Surface s) {
    vec3 q = s.rest;
    float blur = clamp(s.footprint * 5., .02, .3);
    s.albedo = params[0].rgb;
    if (params[0].w > .5) {
        for (int k = 0; k < 2; k++) {
            vec2 p = (vec2(q.x + .15 * q.z, q.y) + .37 * float(k)) * params[1].w;
            vec2 cell = floor(p);
            float chance = hash(vec3(cell, seed + float(k)));
            vec2 d = fract(p) - .5 - .22 * (vec2(hash(vec3(cell, 3.)), hash(vec3(cell, 7.))) - .5);
            float r = length(d), a = atan(d.y, d.x) + chance * 6.28;
            float leaf = 1. - smoothstep(0., blur, r - .34 * abs(cos(a * 1.5)));
            float petal = 1. - smoothstep(0., blur, r - .19 - .09 * cos(a * 5.));
            float heart = 1. - smoothstep(0., blur, r - .07);
            vec3 tint = (chance > .5 ? params[1].rgb : params[2].rgb) * (.75 + 1.2 * r);
            s.albedo = mix(s.albedo, params[3].rgb * 1.6, leaf * step(.3, chance));
            s.albedo = mix(s.albedo, tint, petal * step(.25, chance));
            s.albedo = mix(s.albedo, vec3(.6, .4, .06), heart * step(.25, chance));
        }
    }
    vec3 f = vec3(4.6, 2.0, 4.6), e = vec3(.03, 0, 0);
    float h = fbm(q * f + seed);
    vec3 folds = vec3(fbm((q + e.xyy) * f + seed), fbm((q + e.yxy) * f + seed), fbm((q + e.yyx) * f + seed)) - h;
    s.normal = perturb(s.normal, folds / .03 * .18);
    s.albedo *= (.86 + .28 * fbm(q * 40.)) * (.84 + .35 * h);
    if (s.aux.x < .10) s.albedo *= .9;               // the hem at the neck
    s.roughness = .7;
    s.shine = .4;
    s.sheen = .6;
}
