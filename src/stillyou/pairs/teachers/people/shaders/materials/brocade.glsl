// A robe. params: 0 ground colour, pattern (0 damask, 1 medallions, 2 scrolls, 3 dots); 1 thread colour, scale;
// 2 second colour, collar (0 ermine, 1 lobes, 2 lapels). aux: the neckline field, the angle around the neck.
float stroke(float d, float width, float blur) { return 1. - smoothstep(width, width + blur, d); }

// Share of golden thread at a place of the cloth.
float embroidery(vec2 p, float kind, float blur) {
    vec2 cell = floor(p), q = fract(p) - .5;
    if (mod(cell.y, 2.) > .5) { q.x = fract(p.x + .5) - .5; }
    float r = length(q), a = atan(q.y, q.x);
    if (kind < .5) {        // damask: pointed leaves about a stem
        float leaf = abs(r - (.30 + .12 * cos(4. * a))), heart = r - .10 - .05 * cos(8. * a);
        return max(stroke(leaf, .035, blur), stroke(heart, 0., blur));
    }
    if (kind < 1.5) {       // medallions: rings about a flower
        return max(max(stroke(abs(r - .36), .03, blur), stroke(abs(r - .27), .015, blur)), stroke(r - .13 - .06 * cos(6. * a), 0., blur));
    }
    if (kind < 2.5) {       // scrolls: spirals
        float spiral = abs(fract(r * 5. - a / 6.2832) - .5) / 5.;
        return stroke(spiral, .03, blur) * step(r, .42);
    }
    return stroke(r, .12, blur);
}

void surface(inout Surface s) {
    vec3 q = s.rest;
    vec3 f = vec3(4.2, 1.8, 4.2), e = vec3(.03, 0, 0);
    float h = fbm(q * f + seed), blur = clamp(s.footprint * 6., .02, .25);
    vec3 folds = vec3(fbm((q + e.xyy) * f + seed), fbm((q + e.yxy) * f + seed), fbm((q + e.yyx) * f + seed)) - h;
    s.normal = perturb(s.normal, folds / .03 * .20);
    float thread = embroidery(vec2(q.x + .12 * q.z, q.y) * 2.1 * params[1].w, params[0].w, blur);
    vec3 ground = params[0].rgb;
    float border = 0.;
    if (params[2].w > 1.5 && q.z > .1) {        // crossed lapels: bands with golden edges
        float left = abs(q.x + .36 * (q.y - 4.55)), right = abs(q.x - .36 * (q.y - 4.55));
        float nearest = q.x > .36 * (q.y - 4.55) * -1. ? left : min(left, right);
        if (nearest < .26) { ground = params[2].rgb; thread = 0.; }
        border = max(stroke(abs(nearest - .26), .03, blur), stroke(abs(nearest - .18), .012, blur));
    }
    float hem = max(stroke(abs(s.aux.x - .09), .035, blur), stroke(abs(s.aux.x - .17), .012, blur));
    if (s.aux.x < .05) hem = 1.;
    border = max(border, hem);
    thread = max(thread, border);
    float twist = .75 + .5 * noise(q * vec3(70., 110., 70.));
    s.albedo = mix(ground * (.75 + .5 * fbm(q * 34.)), params[1].rgb * twist, thread) * (.80 + .45 * h);
    s.roughness = mix(.75, .38, thread);
    s.reflectance = mix(.04, .35, thread);
    s.shine = mix(.45, .9, thread);
    s.mirror = mix(.1, .6, thread);
    s.sheen = mix(2.4, .3, thread);
}
