// Velvet and plain cloth, and the ground under fur. params: 0 colour, pattern share; 1 depth of a trimmed cape, sheen, trimmed, under fur; 2 trim colour, half width.
// aux on a torso: the neckline field, the angle around the neck.
void surface(inout Surface s) {
    vec3 q = s.rest;
    float sheen = params[1].y;
    s.albedo = params[0].rgb;
    bool trimmed = params[1].z > .5 && ((abs(q.x) < params[2].a && q.z > .2) || (s.aux.x > -.1 && s.aux.x < params[1].x));
    if (trimmed) s.albedo = params[2].rgb;
    float nap = fbm(q * 34. + seed), fine = 1. - smoothstep(.004, .02, s.footprint);
    s.albedo *= mix(.84 + .34 * nap, 1., params[1].w);
    vec3 f = vec3(4.2, 2.0, 4.2), e = vec3(.03, 0, 0);
    float h = fbm(q * f + seed);
    vec3 folds = vec3(fbm((q + e.xyy) * f + seed), fbm((q + e.yxy) * f + seed), fbm((q + e.yyx) * f + seed)) - h;
    s.normal = perturb(s.normal, folds / .03 * .20);
    s.albedo *= mix(.80 + .45 * h, 1., params[1].w);   // folds hold shade
    float w = noise(q * 90.);
    vec3 d = vec3(.004, 0, 0);
    vec3 weave = vec3(noise((q + d.xyy) * 90.), noise((q + d.yxy) * 90.), noise((q + d.yyx) * 90.)) - w;
    s.normal = perturb(s.normal, weave * fine);
    // light wanders between hairs, also where the key lamp is hidden
    s.glow = params[1].w * s.albedo * key_colour * .4 * clamp((dot(s.normal, key_direction) + .7) / 1.7, 0., 1.);
    s.roughness = .8;
    s.shine = .45;
    s.sheen = mix(.4, 3.2, sheen);
    s.mirror = .1;
}
